import { describeChart } from '../support/chart.ts';
import { leaseChecks } from './checks/lease.ts';

describeChart(leaseChecks);
