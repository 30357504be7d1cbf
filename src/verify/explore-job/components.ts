/**
 * The strongly connected components of a graph that no edge leaves. Every fair run ends in one of them.
 * @param next the successors of each state
 * @returns the states of each component
 */
export function bottomComponents(next: readonly (readonly number[])[]): number[][] {
  const UNSEEN = -1;
  const order = next.map(() => UNSEEN);
  const low = next.map(() => UNSEEN);
  /** The number of the component of each state, once that component is complete. */
  const component = next.map(() => UNSEEN);
  const stack: number[] = [];
  const found: number[][] = [];
  let seen = 0;
  // Tarjan's algorithm, with a stack of its own, because paths are longer than the stack of calls.
  const visit = (root: number): void => {
    const calls = [{ state: root, at: 0 }];
    order[root] = low[root] = seen++;
    stack.push(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { state } = call;
      const follower = next[state]?.[call.at++];
      if (follower !== undefined) {
        if (order[follower] === UNSEEN) {
          order[follower] = low[follower] = seen++;
          stack.push(follower);
          calls.push({ state: follower, at: 0 });
        } else if (component[follower] === UNSEEN)
          low[state] = Math.min(low[state] ?? 0, order[follower] ?? 0);
        continue;
      }
      calls.pop();
      const caller = calls.at(-1)?.state;
      if (caller !== undefined) low[caller] = Math.min(low[caller] ?? 0, low[state] ?? 0);
      if (low[state] !== order[state]) continue;
      const members = stack.splice(stack.indexOf(state));
      for (const member of members) component[member] = found.length;
      found.push(members);
    }
  };
  for (const state of next.keys()) if (order[state] === UNSEEN) visit(state);
  return found.filter((members, number) =>
    members.every((member) => next[member]?.every((follower) => component[follower] === number)),
  );
}
