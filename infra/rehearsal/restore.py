"""Restores the table and attaches the stack to it, with the steps and templates of docs/runbook.md.

The emulator has change sets of type IMPORT. It copies the present items, whatever the point in time, and it neither applies
time to live nor point-in-time recovery.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

ADOPT = Path(__file__).parent.parent / "restore" / "adopt"
STACK = "rolecall"


def adopt_restored_table(stack, emulator, template):
    """Makes the stack use a restored copy of its table. Returns the names of the old and the new table."""
    tables, formation = emulator.client("dynamodb"), emulator.client("cloudformation")
    old, new = stack.table, f"{stack.table}-restored"
    tables.update_continuous_backups(
        TableName=old, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    tables.restore_table_to_point_in_time(SourceTableName=old, TargetTableName=new, UseLatestRestorableTime=True)
    tables.get_waiter("table_exists").wait(TableName=new)
    tables.update_table(
        TableName=new, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    )
    stream = tables.describe_table(TableName=new)["Table"]["LatestStreamArn"]

    [described] = formation.describe_stacks(StackName=STACK)["Stacks"]
    common = {
        "StackName": STACK,
        "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [
            {"ParameterKey": it["ParameterKey"], "UsePreviousValue": True} for it in described["Parameters"]
        ],
    }
    formation.update_stack(**common, TemplateURL=_uploaded(emulator, "detach", _derived("detach", template, stream)))
    _wait(formation, "UPDATE_COMPLETE")
    imported = {"TableName": new}
    formation.create_change_set(
        **common,
        ChangeSetName="adopt",
        ChangeSetType="IMPORT",
        TemplateURL=_uploaded(emulator, "import", _derived("import", template, stream)),
        ResourcesToImport=[
            {"ResourceType": "AWS::DynamoDB::Table", "LogicalResourceId": "Table", "ResourceIdentifier": imported}
        ],
    )
    formation.get_waiter("change_set_create_complete").wait(StackName=STACK, ChangeSetName="adopt")
    formation.execute_change_set(StackName=STACK, ChangeSetName="adopt")
    _wait(formation, "IMPORT_COMPLETE")
    # A gradual deployment needs a new release, as always.
    for parameter in common["Parameters"]:
        if parameter["ParameterKey"] == "Release":
            del parameter["UsePreviousValue"]
            parameter["ParameterValue"] = "r2"
    again = json.dumps(stack.template_of("r2"))
    formation.update_stack(**common, TemplateURL=_uploaded(emulator, "as-always", again))
    _wait(formation, "UPDATE_COMPLETE")
    resource = formation.describe_stack_resource(StackName=STACK, LogicalResourceId="Table")["StackResourceDetail"]
    if resource["PhysicalResourceId"] != new:
        raise AssertionError(f"the stack has the table {resource['PhysicalResourceId']}, not {new}")
    stack.table = new
    return old, new


def _derived(step, template, stream):
    """The template of a step, made by the same script as on AWS."""
    processed = Path(f"/tmp/rolecall-processed-{time.monotonic_ns()}.json")
    processed.write_text(json.dumps(template))
    try:
        run = subprocess.run([sys.executable, ADOPT, step, processed, stream], capture_output=True, text=True, check=True)
    finally:
        processed.unlink()
    return run.stdout


def _uploaded(emulator, name, body):
    emulator.client("s3").put_object(Bucket="code", Key=f"{name}.json", Body=body)
    return f"{emulator.url}/code/{name}.json"


def _wait(formation, wanted):
    while True:
        [stack] = formation.describe_stacks(StackName=STACK)["Stacks"]
        if stack["StackStatus"] == wanted:
            return
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            raise AssertionError(f"{stack['StackStatus']} instead of {wanted}: {stack.get('StackStatusReason')}")
        time.sleep(0.1)
