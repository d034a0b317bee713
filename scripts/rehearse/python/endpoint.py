"""An AWS endpoint on 127.0.0.1 for `pnpm rehearse`: MiniStack, with what it lacks of AWS repaired, and a record of calls.

    python endpoint.py PORT FOLDER CALLS

It deploys CloudFormation stacks, runs their functions as local processes (`node` in PATH), and obeys the policies of
roles and resources. Whatever it keeps is in memory and below FOLDER. The file CALLS gets a line of JSON for each permission
that a caller needed, and for each resource that CloudFormation made, changed or deleted on behalf of one.
"""

import json
import os
import sys
import threading

port, folder, calls_file = sys.argv[1:]
os.environ.pop("AWS_ENDPOINT_URL", None)
os.environ.update(
    GATEWAY_PORT=port,
    BIND_HOST="127.0.0.1",
    MINISTACK_HOST="127.0.0.1",
    MINISTACK_REGION="eu-west-1",
    AWS_DEFAULT_REGION="eu-west-1",
    LAMBDA_EXECUTOR="local",
    AUTH="true",
    AWS_ACCESS_KEY_ID="test",  # the root user's
    STATE_DIR=folder,
    TMPDIR=folder,
    # Its MQTT broker listens on all addresses, whatever BIND_HOST says.
    IOT_MTLS_ENABLED="0",
)

from ministack.core import iam_actions, iam_evaluator  # noqa: E402
from ministack.core.responses import get_account_id, get_region  # noqa: E402

calls = open(calls_file, "w", encoding="utf-8", buffering=1)
writing = threading.Lock()


def record(**call):
    with writing:
        calls.write(json.dumps(call) + "\n")


# What AWS calls the permissions of calls that send or delete several at once.
BATCHES = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


# Policies know a key that is named by its alias as the key, with its aliases beside it.
def key_and_aliases(named):
    key = kms._resolve_key(named)
    if key is None:
        return named, {}
    aliases = [alias.split(":", 5)[5] for alias, key_id in kms._aliases.items() if key_id == key["KeyId"]]
    return key["Arn"], {"kms:ResourceAliases": aliases}


enforce = iam_evaluator.enforce


def enforce_and_record(access_key, action, service, region, resource_arn="*", service_context=None):
    action = BATCHES.get(action, action)
    if service == "kms":
        resource_arn, aliases = key_and_aliases(resource_arn)
        service_context = {**(service_context or {}), **aliases}
    if service == "events":
        # A rule of the default bus is known without the bus: rule/NAME.
        resource_arn = resource_arn.replace(":rule/default/", ":rule/")
    denied = enforce(access_key, action, service, region, resource_arn=resource_arn, service_context=service_context)
    record(caller=iam_evaluator.caller_arn(), action=action, resource=resource_arn, allowed=denied is None)
    return denied


iam_evaluator.enforce = enforce_and_record


# Policies know a role's session as the role.
condition_key = iam_evaluator._resolve_condition_key


def condition_key_of_role(key, context):
    value = condition_key(key, context)
    if key.lower() == "aws:principalarn" and ":assumed-role/" in value:
        account, role = value.split(":")[4], value.split("/")[1]
        return f"arn:aws:iam::{account}:role/{role}"
    return value


iam_evaluator._resolve_condition_key = condition_key_of_role


# Bucket policies know of a write whether it demands that nothing is there yet.
s3_service_context = iam_actions.s3_service_context


def context_of_condition(action, query, path="", headers=None):
    context = s3_service_context(action, query, path, headers)
    demanded = (headers or {}).get("if-none-match")
    return {**(context or {}), **({"s3:if-none-match": demanded} if demanded else {})}


iam_actions.s3_service_context = context_of_condition


# What comes to 127.0.0.1 counts as come over TLS: policies refuse what does not.
pin_request_origin = iam_evaluator.pin_request_origin


def over_tls(source_ip, _secure_transport):
    pin_request_origin(source_ip, True)


iam_evaluator.pin_request_origin = over_tls

from ministack.services import cloudwatch, cloudwatch_logs, dynamodb, iam, kms, lambda_svc, s3, sns, sqs  # noqa: E402
from ministack.services.cloudformation import provisioners, stacks  # noqa: E402


# A mapping's filter that asks that something is NOT there also matches where its parent is not there either.
match_filter = lambda_svc._match_esm_filter


def match_below_nothing(event, pattern):
    for key, wanted in pattern.items():
        if isinstance(wanted, dict):
            below = event.get(key)
            if not match_below_nothing(below if isinstance(below, dict) else {}, wanted):
                return False
        elif not match_filter(event, {key: wanted}):
            return False
    return True


lambda_svc._match_esm_filter = match_below_nothing


# A bucket without a name gets one of 24 characters of the stack, 24 of its logical id and a suffix.
physical_name = provisioners._physical_name


def physical_name_cut(stack_name, logical_id, *, lowercase=False, max_len=128, seeded=True):
    name = physical_name(stack_name, logical_id, lowercase=lowercase, max_len=max_len, seeded=seeded)
    return f"{stack_name[:24]}-{logical_id[:24]}-{name[-12:]}".lower() if lowercase and max_len == 63 else name


provisioners._physical_name = physical_name_cut


# A run that ends after its function and its log group were deleted makes no log group anew: its role is gone, too.
emit_logs = lambda_svc._emit_lambda_logs


def emit_logs_of_existing(function, *rest, **named):
    name = (function.get("config") or function).get("FunctionName")
    if name in lambda_svc._functions:
        emit_logs(function, *rest, **named)


lambda_svc._emit_lambda_logs = emit_logs_of_existing


# CloudFormation refuses a name that is taken, where MiniStack gives what has it to the new stack.
def taken(kind, properties):
    if kind == "AWS::DynamoDB::Table":
        return properties.get("TableName") in dynamodb._tables
    if kind == "AWS::SQS::Queue":
        return properties.get("QueueName") in sqs._queue_name_to_url
    if kind == "AWS::SNS::Topic":
        return f"arn:aws:sns:{get_region()}:{get_account_id()}:{properties.get('TopicName')}" in sns._topics
    if kind == "AWS::Logs::LogGroup":
        return properties.get("LogGroupName") in cloudwatch_logs._log_groups
    if kind == "AWS::KMS::Alias":
        return kms._alias_arn(properties.get("AliasName", "")) in kms._aliases
    if kind == "AWS::IAM::Role":
        return properties.get("RoleName") in iam._roles
    if kind == "AWS::Lambda::Function":
        return properties.get("FunctionName") in lambda_svc._functions
    if kind == "AWS::CloudWatch::Alarm":
        return properties.get("AlarmName") in cloudwatch._alarms
    if kind == "AWS::CloudWatch::CompositeAlarm":
        return properties.get("AlarmName") in cloudwatch._composite_alarms
    return False


provision = stacks._provision_resource


def provision_new(kind, logical_id, properties, stack_name):
    record(type=kind, operation="create", region=get_region())
    if taken(kind, properties):
        name = next(value for key, value in properties.items() if key.endswith("Name"))
        raise ValueError(f"Resource of type '{kind}' with identifier '{name}' already exists.")
    return provision(kind, logical_id, properties, stack_name)


stacks._provision_resource = provision_new

update = stacks._update_resource


def update_recorded(kind, physical_id, old, new, *rest):
    if old != new:
        record(type=kind, operation="update", region=get_region())
    return update(kind, physical_id, old, new, *rest)


stacks._update_resource = update_recorded

# CloudFormation cannot delete a table that is protected, nor a bucket that holds anything.
delete = stacks._delete_resource


def delete_unprotected(kind, physical_id, *rest):
    record(type=kind, operation="delete", region=get_region())
    if kind == "AWS::DynamoDB::Table" and dynamodb._tables.get(physical_id, {}).get("DeletionProtectionEnabled"):
        raise ValueError(f"Resource cannot be deleted as it is currently protected against deletion: {physical_id}")
    if kind == "AWS::S3::Bucket" and s3._buckets.get(physical_id, {}).get("objects"):
        raise ValueError("The bucket you tried to delete is not empty")
    return delete(kind, physical_id, *rest)


stacks._delete_resource = delete_unprotected


# CloudFormation makes composite alarms, which MiniStack has and its stacks do not. As in AWS, all alarms that a rule names have to
# be there, and none of them can be deleted before it.
def composite_call(call, body):
    status, _headers, answer = call({}, body, False, True)
    if status >= 400:
        raise ValueError(json.loads(answer)["message"])


def composite_put(_id, properties, _stack_name):
    composite_call(cloudwatch._put_composite_alarm, properties)
    return properties["AlarmName"], {}


def composite_update(physical_id, _old, properties, _stack_name):
    composite_put(physical_id, properties, None)
    if properties["AlarmName"] != physical_id:
        composite_delete(physical_id, {})
    return properties["AlarmName"], {}


def composite_delete(physical_id, _properties):
    composite_call(cloudwatch._delete_alarms, {"AlarmNames": [physical_id]})


provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
    "create": composite_put,
    "update": composite_update,
    "delete": composite_delete,
}

from ministack.app import main  # noqa: E402

sys.argv = ["ministack"]
main()
