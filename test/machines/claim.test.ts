import { describeChart } from '../support/chart.ts';
import { claimChecks } from './checks/claim.ts';

describeChart(claimChecks);
