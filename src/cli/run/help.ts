export const HELP = `
MODULE is a JavaScript module whose default export is a function, async or not. It is called once for each line of the
input, and each result is written to standard output as a line of JSON. With Node 22.18 and newer it may be TypeScript.
MODULE may also be a function of Python, as in math:factorial or tasks.py:resize; its workers need python3.

The function is called with the value of a line that is JSON, and with the text of any other line. A number that would not
be printed as it is written stays text: 1.10, 007, 12345678901234567891. --text passes every line as text. A line ends with
\\n or \\r\\n; the last line need not end.

An input that cannot be read as it is ends the run, with an error that names the line: bytes that are not in the encoding; a
NUL byte, unless --text is given; an array or object with a number that JavaScript cannot hold exactly, unless --text is given.

A result is written as JSON: undefined as null, a Map, a Set or a typed array as an array, a BigInt as a string of its digits,
a Date as ISO 8601 text, an object of a class by its properties. When a call fails, or JSON has no form for its result (NaN,
Infinity, an error, a function), the line {"line":N,"error":"TypeError: …"} stands in its place. The other lines are done,
and the exit status is 1. What the module prints goes to standard error.

When a worker dies, its line goes to another worker, up to three times or as --retries says. With --join elastic the command
prints how to add workers with "sleigh worker"; --window is then the number for the workers at the start.

--halt ends the run early, as in GNU parallel. now,fail=1 stops it at the first line that fails. soon,fail=10% starts no
further lines when a tenth of the lines have failed, and at least three are done. success=N and done=N count successes and all
finished lines. The exit status is 1 for fail, else 0.

--joblog FILE has a row for each finished line. FILE.results keeps results that wait for an earlier line. A run that ended
early, even by SIGKILL, continues with --resume and the same input. It does not call finished lines again. Append the output
to the same file, and no result is lost or written twice:

  sleigh run resize.mjs pictures.txt --joblog job.log >results.txt
  sleigh run resize.mjs pictures.txt --joblog job.log --resume >>results.txt

A module may also export
  input   the inputs when INPUT is not given: an iterable, or a function that returns one, such as a generator
  output  a function that takes the outcomes instead of writing them: an async iterable of { line, value, worker } or
          { line, error, stack }

  sleigh run examples/words.mjs README.md
  seq 1000 | sleigh run square.mjs --workers 4 | head`;
