import { started, testConversations } from './conversations.ts';

testConversations(started());
