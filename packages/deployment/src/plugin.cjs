require('./requireNode.cjs');
module.exports = require('./plugin.ts').default;
