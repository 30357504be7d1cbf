// The least that a Node server can do for a message: read it and write a reply. Prints its port.
//   node echo-server.mjs ANSWER_BYTES REQUEST_BYTES
import { createServer } from 'node:net';

const [answerBytes, requestBytes] = process.argv.slice(2).map(Number);
const answer = Buffer.alloc(answerBytes, 'r');
const server = createServer({ noDelay: true }, (socket) => {
  let come = 0;
  socket.on('data', (bytes) => {
    come += bytes.length;
    for (; come >= requestBytes; come -= requestBytes) socket.write(answer);
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
