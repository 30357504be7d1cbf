import { byForm } from '../support/form.ts';
import { coreBehind, HOST, linkOf, startFront } from '../support/fronts.ts';
import { testConversations } from './conversations.ts';

// Clients see no difference between the owner of the data and a server that forwards them to it (D12, D13).
testConversations(async () => {
  const [owner, other] = [await startFront(), await startFront()];
  const core = coreBehind(owner);
  await core.listen(HOST, 0);
  other.forward(0, linkOf(owner));
  return {
    host: HOST,
    port: other.port,
    close: async () => {
      other.close();
      other.destroy();
      owner.close();
      await core.close();
      owner.destroy();
    },
  };
}, byForm(3, 1, 1));
