require('@fanfold/deployment/requireNode');
module.exports = require('./plugin.ts').default;
