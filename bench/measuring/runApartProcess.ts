// Nobody waits for it any more.
process.once('disconnect', () => process.exit(1));
const [path = '', name = '', values = ''] = process.argv.slice(2);
const { [name]: call } = await import(path);
process.send?.(await call(...JSON.parse(values)), () => process.exit(0));
