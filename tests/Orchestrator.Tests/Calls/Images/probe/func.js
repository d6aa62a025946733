// Does what its body says: "sleep MS", "fail", "ledger FILE MS"; anything else comes back as it is.
const fs = require('fs');
const fdk = require('@fnproject/fdk');

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

fdk.handle(async (input, ctx) => {
    const text = input.toString('utf8');
    const [verb, first, second] = text.split(' ', 3);
    const trace = ctx.getHeader('traceparent');
    if (trace)
        ctx.setResponseHeader('Fn-Http-H-Trace', trace);
    ctx.setResponseHeader('Fn-Http-Status', '201');
    ctx.setResponseHeader('Fn-Http-H-X-A', 'b');
    ctx.setResponseHeader('Content-Type', 'text/plain');
    if (verb === 'sleep') {
        console.log(`slept ${first}`);
        await sleep(Number(first));
    } else if (verb === 'fail') {
        console.error('boom');
        throw new Error('boom');
    } else if (verb === 'log') {
        for (let i = 0; i < Number(first); i++) console.log('x'.repeat(999));
    } else if (verb === 'ledger') {
        // A line when it begins, one when it ends, and in between one again and again for as long as it is alive.
        const line = what => fs.appendFileSync(first, `${what}\t${ctx.callID}\t${process.pid}\t${Date.now()}\n`);
        line('begin');
        for (let left = Number(second); left > 0; left -= 20) {
            await sleep(Math.min(left, 20));
            line('alive');
        }
        line('end');
    }
    return fdk.rawResult(input);
}, { inputMode: 'buffer' });
