// A self-hosted runner as small as can be: it takes one job, says that it started, works, says that it completed, and ends.
//
// The orchestrator starts it as an instance of a flavor's app. It is the runner of the guid that it finds in
// ORCHESTRATOR_INSTANCE: that name in the payload binds its job to its instance. RUNNER_JOBS is where it gets a job, as a
// real runner gets one from GitHub; RUNNER_WEBHOOK is where its signed workflow_job deliveries go.
//
// SIGUSR2 asks whether it can end: idle it does, at work it goes on. SIGTERM ends it.
import { createHmac, randomUUID } from 'node:crypto';

const name = required('ORCHESTRATOR_INSTANCE');
const jobs = required('RUNNER_JOBS');
const webhook = required('RUNNER_WEBHOOK');
let working = false;

process.on('SIGUSR2', () => { if (!working) process.exit(0); });
process.on('SIGTERM', () => process.exit(0));

const job = await take();
const startedAt = new Date();
await deliver('in_progress', { started_at: startedAt });
await sleep(job.work_milliseconds);
await deliver('completed', { started_at: startedAt, completed_at: new Date(), conclusion: 'success' });
process.exit(0);

// Asks until there is a job; the answer waits for one for a while. What is handed out is ours: from then on we work.
async function take() {
  for (;;) {
    try {
      const response = await fetch(`${jobs}?runner=${name}`, { method: 'POST' });
      if (response.status === 200) {
        working = true;
        return await response.json();
      }
    } catch {
      await sleep(200);
    }
  }
}

async function deliver(action, more) {
  const body = JSON.stringify({
    action,
    workflow_job: { ...job.workflow_job, status: action, runner_name: name, ...more },
    repository: { full_name: 'acme/site' },
  });
  const signature = createHmac('sha256', job.webhook_secret).update(body).digest('hex');
  const delivery = randomUUID();
  for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
    try {
      const response = await fetch(webhook, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'workflow_job',
          'x-github-delivery': delivery,
          'x-hub-signature-256': `sha256=${signature}`,
        },
        body,
      });
      if (response.ok) return;
    } catch {
      // The orchestrator is away for a moment; GitHub would deliver again, too.
    }
    await sleep(pause);
  }
}

function sleep(milliseconds) {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

function required(variable) {
  const value = process.env[variable];
  if (!value) {
    console.error(`${variable} is not set`);
    process.exit(2);
  }
  return value;
}
