"""Brings an installation's database to this release, by its function `migrate`.

    migrate.py <region> <function> [<processor> <bootstrap>]

With a bootstrap the function first gets it as its code, so that the schema is there before the release that needs it; its variables
and role stay those of the release before until the stack is deployed. Prints what migrate answered, or nothing when there is no such
function yet, as before the first deployment.
"""
import io
import sys
import zipfile

import boto3
import botocore.config


def archive(bootstrap):
    """The archive Lambda takes: one file that may be executed."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file, open(bootstrap, "rb") as program:
        file.writestr(entry, program.read())
    return content.getvalue()


def main(region, function, processor=None, bootstrap=None):
    aws = boto3.client("lambda", region_name=region)
    if bootstrap:
        code = {"ZipFile": archive(bootstrap), "Architectures": [processor]}
        try:
            aws.update_function_code(FunctionName=function, **code)
        except aws.exceptions.ResourceNotFoundException:
            return
        aws.get_waiter("function_updated_v2").wait(FunctionName=function)
    # Migrations may take their time, and a second call would only wait for the first.
    patient = botocore.config.Config(read_timeout=910, retries={"max_attempts": 0})
    answer = boto3.client("lambda", region_name=region, config=patient).invoke(FunctionName=function, Payload=b"{}")
    text = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        sys.exit(text)
    print(text)


main(*sys.argv[1:])
