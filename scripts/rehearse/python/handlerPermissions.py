"""What CloudFormation calls on behalf of whoever deploys, by type of resource and handler, and which actions know no resource.

    python handlerPermissions.py TYPE…

The first is from the schemas of resource types that cfn-lint brings along, the second from AWS's service authorization
reference, which policy_sentry brings along:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import sys

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from policy_sentry.querying.actions import get_actions_that_support_wildcard_arns_only

SERVICES = "apigateway cloudformation cloudwatch dynamodb ecr events iam kms lambda logs s3 sns sqs sts".split()


def handlers_of(kind):
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return {name: handler["permissions"] for name, handler in schema["handlers"].items()}


print(
    json.dumps(
        {
            "handlers": {kind: handlers_of(kind) for kind in sys.argv[1:]},
            "withoutResource": sorted(
                action for service in SERVICES for action in get_actions_that_support_wildcard_arns_only(service)
            ),
        }
    )
)
