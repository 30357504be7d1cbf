/** @returns the part of a population that has had an illness when it is over, by how many each of the ill infects */
export function epidemic(reproduction, { fixedArgs }) {
  const { daysIll, infectedAtFirst, step } = fixedArgs;
  let well = 1 - infectedAtFirst;
  let ill = infectedAtFirst;
  while (ill > 1e-9) {
    const infected = (reproduction / daysIll) * well * ill * step;
    well -= infected;
    ill += infected - (ill / daysIll) * step;
  }
  return 1 - well;
}
