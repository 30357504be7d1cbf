import { describeChart } from '../support/chart.ts';
import { sentinelChecks } from './checks/sentinel.ts';

describeChart(sentinelChecks);
