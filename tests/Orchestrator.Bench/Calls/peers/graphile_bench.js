// graphile_bench.js NODE_MODULES_PARENT N: adds N jobs that do nothing and works on them, and says how many a second were added and done.
const path = require('path');
const modules = path.join(process.argv[2], 'node_modules');
const { run, makeWorkerUtils } = require(path.join(modules, 'graphile-worker'));

(async () => {
    const count = Number(process.argv[3]);
    let done = 0;
    const quiet = new (require(path.join(modules, 'graphile-worker')).Logger)(() => () => { });
    const options = { connectionString: process.env.DATABASE_URL, logger: quiet };
    const utils = await makeWorkerUtils(options);
    await utils.migrate();
    const runner = await run({ ...options, concurrency: 16, noHandleSignals: true, pollInterval: 50, taskList: { noop: async () => { done++; } } });
    const add = async total => {
        let next = 0;
        await Promise.all(Array.from({ length: 16 }, async () => { while (next++ < total) await utils.addJob('noop', { name: 'bench' }); }));
    };
    const until = total => new Promise(resolve => { const timer = setInterval(() => { if (done >= total) { clearInterval(timer); resolve(); } }, 5); });
    await add(200);
    await until(200);
    const begin = process.hrtime.bigint();
    await add(count);
    await until(200 + count);
    const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
    console.log(`graphile-worker: ${count} jobs added and done, per second: ${(count / seconds).toFixed(0)}`);
    await runner.stop();
    await utils.release();
})();
