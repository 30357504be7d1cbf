import { byForm } from '../support/form.ts';
import { PartitionedServers } from '../support/partitioned-servers.ts';
import { testConversations } from './conversations.ts';

// Clients see no difference between one owner of all data and several owners of its partitions (D17).
testConversations(() => PartitionedServers.start(4), byForm(3, 1, 1));
