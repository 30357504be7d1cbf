import { describeChart } from '../support/chart.ts';
import { valueLeaseChecks } from './checks/value-lease.ts';

describeChart(valueLeaseChecks);
