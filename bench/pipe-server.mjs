// A plain Node pipe: it writes everything that it reads from a socket back to it.
//   node pipe-server.mjs BYTES          at once
//   node pipe-server.mjs BYTES FOLDER   through a file in that folder, after everything has arrived
import { createReadStream, createWriteStream, unlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';

const [bytes, folder] = process.argv.slice(2);
const size = Number(bytes);

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  if (folder === undefined) socket.pipe(socket);
  else receive(socket, join(folder, `pipe-${process.pid}`));
});

function receive(socket, path) {
  const file = createWriteStream(path);
  let come = 0;
  // `pipe` would end its target with the socket, which must stay open: the value ends by its size.
  socket.pipe(
    new Writable({
      highWaterMark: 1 << 20,
      write(piece, _encoding, next) {
        come += piece.length;
        if (come === size) {
          socket.unpipe();
          file.end(piece, () => sendBack(socket, path));
          next();
        } else if (file.write(piece)) next();
        else file.once('drain', next);
      },
    }),
  );
}

function sendBack(socket, path) {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  file.on('end', () => {
    unlinkSync(path);
    receive(socket, path);
  });
  file.pipe(socket, { end: false });
}

server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
