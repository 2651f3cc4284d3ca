"""An S3 server for tests, from the package moto: prints its address, a user's key and secret, and ends with its input.

Only that user may do anything, so that tests see what a real store says to wrong credentials.
"""

import json
import os
import sys

# The first requests make the user; from then on every request must be signed by it.
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "3"

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()

iam = boto3.client(
    "iam",
    endpoint_url=f"http://{host}:{port}",
    region_name="us-east-1",
    aws_access_key_id="none",
    aws_secret_access_key="none",
)
iam.create_user(UserName="tests")
everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
iam.put_user_policy(UserName="tests", PolicyName="everything", PolicyDocument=json.dumps(everything))
key = iam.create_access_key(UserName="tests")["AccessKey"]

print(f"http://{host}:{port}", key["AccessKeyId"], key["SecretAccessKey"], flush=True)
sys.stdin.read()
server.stop()
