import { testConversations } from './conversations.ts';

testConversations({});
