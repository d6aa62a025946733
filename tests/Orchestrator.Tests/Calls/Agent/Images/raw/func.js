// A function without the FDK, which answers what the body says, byte by byte.
const fs = require('fs');
const net = require('net');

const path = process.env.FN_LISTENER.replace('unix:', '');
net.createServer(socket => {
    let text = '';
    socket.on('data', data => {
        text += data.toString('latin1');
        const head = text.indexOf('\r\n\r\n');
        const length = /content-length: (\d+)/i.exec(text);
        if (head < 0 || text.length < head + 4 + Number(length[1])) return;
        const wish = JSON.parse(text.slice(head + 4));
        text = '';
        if (wish.close) return socket.destroy();
        socket.write(Buffer.from(wish.answer, 'latin1'));
        if (wish.end) socket.end();
    });
    socket.on('error', () => { });
}).listen(path + '.raw', () => fs.symlinkSync('lsnr.sock.raw', path));
