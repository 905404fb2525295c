// Loaded into each app by `npm start` before the app itself: ends it in order when the launcher is gone.
//
// The app's standard input is a pipe that the launcher holds and never writes to. However the launcher ends,
// `kill -9` included, the kernel closes the pipe.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.on('error', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
process.stdin.unref(); // Must not keep an app alive that has ended in order.
