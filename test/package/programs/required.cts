import sleigh = require('sleigh');

export const server = sleigh.createServer({ port: 0 });
