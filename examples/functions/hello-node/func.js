// Greets. {"name": "Ada", "seconds": 2, "failFirst": "some key"}: it may take its time, and fail when it sees a key for the first time.
const fdk = require('@fnproject/fdk');

const seen = new Set();

fdk.handle(async (input, ctx) => {
    const { name = 'world', seconds = 0, failFirst } = typeof input === 'object' && input !== null ? input : { name: input || 'world' };
    console.log(`call ${ctx.callID}: greeting ${name}`);
    if (failFirst && !seen.has(failFirst)) {
        seen.add(failFirst);
        throw new Error(`${failFirst} is new here`);
    }
    await new Promise(resolve => setTimeout(resolve, seconds * 1000));
    return { message: `Hello ${name}`, callId: ctx.callID, trace: ctx.headers.Traceparent?.[0] ?? null };
});
