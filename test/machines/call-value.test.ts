import { describeChart } from '../support/chart.ts';
import { callValueChecks } from './checks/call-value.ts';

describeChart(callValueChecks);
