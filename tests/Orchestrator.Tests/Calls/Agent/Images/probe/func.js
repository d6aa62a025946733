// Does what it is told, and says what it saw: {"do": "sleep", "ms": 100}.
const fs = require('fs');
const net = require('net');
const { spawn } = require('child_process');
const fdk = require('@fnproject/fdk');

const held = [];
let calls = 0;

const attempt = action => {
    try { return { ok: action() ?? null }; } catch (error) { return { error: error.code ?? String(error) }; }
};

const connect = to => new Promise(resolve => {
    const socket = net.connect(to, () => { socket.destroy(); resolve({ ok: true }); });
    socket.on('error', error => resolve({ error: error.code }));
    socket.setTimeout(3000, () => { socket.destroy(); resolve({ error: 'TIMEOUT' }); });
});

const deeds = {
    echo: (input, ctx) => ({ input, headers: ctx.headers, calls }),
    sleep: input => new Promise(resolve => setTimeout(() => resolve({ calls }), input.ms)),
    hold: input => {
        for (let i = 0; i < input.mib; i++) held.push(Buffer.alloc(1 << 20, i + 1));
        return { held: held.length };
    },
    spin: input => {
        const before = process.cpuUsage();
        const end = Date.now() + input.ms;
        while (Date.now() < end);
        const used = process.cpuUsage(before);
        return { cpuMs: (used.user + used.system) / 1000 };
    },
    spawn: async input => {
        let failed = 0;
        await Promise.all(Array.from({ length: input.count }, () => new Promise(resolve => {
            try {
                const child = spawn('sleep', ['600'], { stdio: 'ignore' });
                child.on('error', () => { failed++; resolve(); });
                child.on('spawn', resolve);
            } catch { failed++; resolve(); }
        })));
        return { failed };
    },
    append: input => { fs.appendFileSync(input.path, input.text); return {}; },
    exit: input => process.exit(input.code),
    signal: input => { process.kill(process.pid, input.name); return new Promise(() => { }); },
    big: input => 'x'.repeat(input.bytes),
    log: input => { for (let i = 0; i < (input.times ?? 1); i++) console.log(input.text); console.error('to stderr'); return {}; },
    fail: () => { throw new Error('on purpose'); },
    env: () => ({ env: process.env }),
    who: () => ({ uid: process.getuid(), pid: process.pid, pids: fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)).length, status: fs.readFileSync('/proc/self/status', 'utf8') }),
    read: input => attempt(() => fs.readFileSync(input.path, 'utf8')),
    list: input => attempt(() => fs.readdirSync(input.path)),
    write: input => attempt(() => fs.writeFileSync(input.path, Buffer.alloc(input.bytes ?? 1))),
    kill: input => attempt(() => process.kill(input.pid, 0)),
    connect: input => connect(input.to),
};

fdk.handle((input, ctx) => { calls++; return deeds[input.do](input, ctx); });
