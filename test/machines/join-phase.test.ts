import { describeChart } from '../support/chart.ts';
import { joinPhaseChecks } from './checks/join-phase.ts';

describeChart(joinPhaseChecks);
