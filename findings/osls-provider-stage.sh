#!/usr/bin/env bash
# One would guess: with `deploy --stage production` a plugin reads `production` from serverless.service.provider.stage, as in the
# Serverless Framework's first versions.
# What happens: that property keeps what serverless.yml says. The command's stage is what the AWS provider answers,
# getProvider('aws').getStage().
# Why it matters: a plugin that protects or names something by stage takes every stage for the configured one, and no command that
# gives no --stage shows it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --no-audit --no-fund --silent osls@4.3.1
cat > serverless.yml <<'YML'
service: stages
provider: { name: aws, stage: local, region: eu-west-1 }
plugins: [./plugin.js]
YML
cat > plugin.js <<'JS'
module.exports = class {
  constructor(serverless) {
    this.hooks = {
      initialize: () => {
        const configured = serverless.service.provider.stage;
        console.log(`provider.stage=${configured} getStage()=${serverless.getProvider('aws').getStage()}`);
      },
    };
  }
};
JS
output=$(node_modules/.bin/osls package --stage production 2>&1 | grep '^provider.stage=')
echo "osls 4.3.1: $output"
[ "$output" = 'provider.stage=local getStage()=production' ]
