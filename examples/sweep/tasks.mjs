/** @returns the share of a population that has been infected at the end, for a number of infections per person */
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
