import { atMost, figure } from '../bed.mjs';

const VARIABLES = 10;

export const manyNames = {
  name: 'many-names',
  about: '10,000 workspaces with 100,000 variables: listing one of them, beside a server that has no other',
  async run(bed) {
    const many = bed.size(10_000, 50);
    const count = bed.size(10_000, 100);
    const alone = bed.load(await bed.sleigh());
    const among = bed.load(await bed.sleigh());
    await alone.does('users', 1);
    await alone.does('tree', 1, VARIABLES);
    await among.does('users', 1);
    const made = await among.does('tree', many, VARIABLES);
    return bed.rounds(async () => {
      const one = await alone.does('list', count);
      const amongMany = await among.does('list', count);
      return [
        figure('making a workspace with ten variables', 'µs', made.each),
        figure('listing one', 'µs', amongMany.each),
        figure('listing one, beside a server without others', '×', amongMany.each / one.each, atMost(1.3)),
      ];
    });
  },
};
