/** An agent that holds jobs and does nothing else, to be killed. Begins what its argument says and says when it has. */
import { openJobs } from '../../engine/agent/jobs/open-jobs.ts';
import { placeAt } from '../../engine/agent/place.ts';

const [root = '', orders = '[]'] = process.argv.slice(2);
const jobs = openJobs(placeAt(root, `${root}/opt/dumont`, '', null), () => undefined);
jobs.begin(JSON.parse(orders));
console.log('begun');
setTimeout(() => undefined, 60_000);
