export const HELP = `
MODULE is a JavaScript module whose default export is a function, async or not. It is called once for each line of the
input, and each result is written to standard output as a line of JSON. With Node 22.18 and newer it may be TypeScript.

What the function is given: what the line says where the line is JSON, else its text. A number that would not be printed
as it stands there stays text (1.10, 007, 12345678901234567891), and --text makes every line text. A line ends with \\n or
\\r\\n; the last one need not end. Input that is not in the encoding, or has a NUL byte without --text, is an error.

What is written: undefined as null, a Map, a Set and typed arrays as arrays, a BigInt as a string of its digits, a Date
as ISO 8601 text, an object of a class by its properties. Where a call fails, or its result is what JSON cannot say (NaN,
Infinity, an error, a function), the line in its place is {"line":N,"error":"TypeError: …"}, the others go on, and the
exit status is 1. What the module prints goes to standard error.

A line whose worker dies is given to another one, three times at most, or as --retries says. With --join elastic the
command says how to send more workers to the job, by "sleigh worker"; --window is then for as many workers as it begins
with.

--halt ends the run before its input does, as in GNU parallel: now,fail=1 ends it at the first line that fails, and
soon,fail=10% begins no further line when a tenth of at least three have failed; success=N and done=N count the other
lines. The exit status is then 1 for fail, else 0.

--joblog FILE writes a row for each line that is done, in the columns of GNU parallel; FILE.results has results that wait
for an earlier line. A run that was ended, killed even, goes on with --resume and the same input: lines that are done are
not called again, and no result is lost or printed twice if the output is appended to the same file:

  sleigh run resize.mjs pictures.txt --joblog job.log >results.txt
  sleigh run resize.mjs pictures.txt --joblog job.log --resume >>results.txt

A module may also export
  input   inputs to take without INPUT: an iterable, or a function that gives one (a generator, say)
  output  a function that is called with the outcomes, an async iterable of { line, value, worker } or
          { line, error, stack }, in place of writing them

  sleigh run examples/words.mjs README.md
  seq 1000 | sleigh run square.mjs --workers 4 | head`;
