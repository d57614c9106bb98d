"""The AWS connector against an emulator of S3, SQS, STS and IAM (moto): real notifications, kill -9, bad objects."""
import datetime
import gzip
import json
import os
import random
import socket
import subprocess
import sys
import time

import boto3
import pytest
from harness import Yagura, free_port

ROUNDS = int(os.environ.get("YAGURA_CRASH_ROUNDS", "6"))
ACCOUNT = "123456789012"


class Aws:
    """moto's server, with clients."""

    def __init__(self):
        self.port = free_port()
        self.process = None

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.1)
        raise RuntimeError("moto did not start")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name="eu-west-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret")

    def trail(self, name):
        """A bucket that tells a queue of its objects, and a role."""
        s3, sqs, iam = self.client("s3"), self.client("sqs"), self.client("iam")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{name}"
        policy = {"Version": "2012-10-17", "Statement": [{"Sid": "AllowS3", "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "SQS:SendMessage",
                                                           "Resource": arn, "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{name}"}}}]}
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
        s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]})
        role = iam.create_role(RoleName="OIDC_" + name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        return s3, sqs, queue, role

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def aws():
    emulator = Aws().start()
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws")
    os.environ.update(AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
    with Yagura(folder=folder / "yagura") as running:
        yield running


def connect(server, aws, name, queue, role, table="AWSCloudTrail", check=True):
    return server.command("connect", "aws", "add", name, "--role-arn", role, "--queue-url", queue, "--table", table, "--endpoint", aws.url, "--region", "eu-west-1",
                          "--data", server.data, check=check)


def state(server, name):
    answer = json.loads(server.command("connect", "aws", "list", "--json", "--data", server.data).stdout)
    return next(one for one in answer["connectors"] if one["name"] == name)


def trail_record(number, **more):
    return {"eventVersion": "1.08", "eventID": f"00000000-0000-4000-8000-{number:012d}", "eventTime": "2026-11-22T08:00:00Z", "eventSource": "iam.amazonaws.com",
            "eventName": "AttachRolePolicy", "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.7", "eventType": "AwsApiCall", "readOnly": False,
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/r/s",
                             "sessionContext": {"sessionIssuer": {"userName": "admin-role"}, "attributes": {"mfaAuthenticated": "true"}}},
            "requestParameters": {"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess", "a": {"b": [1, {"c": None}]}}, "responseElements": None, **more}


def put_trail(s3, bucket, key, numbers):
    s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(json.dumps({"Records": [trail_record(n) for n in numbers]}).encode()))


def wait_for(what, seconds=60):
    until = time.time() + seconds
    while time.time() < until:
        if what():
            return
        time.sleep(0.2)
    raise AssertionError("it did not come")


def count(server, table, where="true"):
    return server.query(f"{table} | where {where} | count")[0]["Count"]


def test_objects_become_rows_once(server, aws):
    s3, sqs, queue, role = aws.trail("plain")
    made = connect(server, aws, "plain", queue, role).stdout
    assert "Role ARN" in made and "Destination  AWSCloudTrail" in made
    put_trail(s3, "plain", "AWSLogs/1/CloudTrail/x y+é.json.gz", range(100))
    wait_for(lambda: count(server, "AWSCloudTrail") == 100)
    row = server.query("AWSCloudTrail | where AwsEventId endswith '000000000007'")[0]
    assert row["SessionIssuerUserName"] == "admin-role" and row["SessionMfaAuthenticated"] is True and row["ReadOnly"] is False
    assert row["EventName"] == "AttachRolePolicy" and row["SourceIpAddress"] == "192.0.2.7" and row["AWSRegion"] == "eu-west-1"
    assert json.loads(row["RequestParameters"])["a"] == {"b": [1, {"c": None}]}
    assert row["TimeGenerated"].startswith("2026-11-22T08:00:00")
    # The same object again, as SQS may deliver it.
    put_trail(s3, "plain", "AWSLogs/1/CloudTrail/x y+é.json.gz", range(100))
    wait_for(lambda: state(server, "plain")["repeated"] >= 1 or state(server, "plain")["objects"] >= 2)
    time.sleep(1)
    wait_for(lambda: state(server, "plain")["queue"]["visible"] == 0 and state(server, "plain")["queue"]["deleted"] >= 2, 90)
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_wrong_settings_are_not_kept_and_the_step_is_named(server, aws):
    _, _, queue, role = aws.trail("checked")
    wrong = connect(server, aws, "wrong", queue + "-not", role, check=False)
    assert wrong.returncode == 2 or wrong.returncode == 3
    assert "SQS" in wrong.stderr and "NonExistentQueue" in wrong.stderr and "Likely" in wrong.stderr
    assert "wrong" not in server.command("connect", "aws", "list", "--data", server.data).stdout
    for bad in (("--role-arn", "arn:nothing"), ("--table", "AWSCloudTrial")):
        refused = server.command("connect", "aws", "add", "bad", "--queue-url", queue, "--endpoint", aws.url, *bad, "--data", server.data, check=False)
        assert refused.returncode == 2, refused.stderr
    assert "did you mean AWSCloudTrail?" in refused.stderr
    found = server.command("connect", "aws", "doctor", "--queue-url", queue, "--role-arn", role, "--endpoint", aws.url, "--region", "eu-west-1", "--data", server.data).stdout
    assert "S3 may send" in found and "notifies the queue" in found


def test_flow_logs_with_their_own_order_of_fields(server, aws):
    s3, _, queue, role = aws.trail("flows")
    connect(server, aws, "flows", queue, role, "AWSVPCFlow")
    lines = ["version vpc-id account-id srcaddr dstaddr srcport dstport protocol bytes packets start end action log-status pkt-srcaddr tcp-flags",
             "3 vpc-1 012345678901 192.0.2.1 198.51.100.2 43416 5001 6 568 8 1566848875 1566848933 ACCEPT OK 192.0.2.9 2",
             "3 vpc-1 012345678901 - - - - - - - 1566848875 1566848933 - NODATA - -"]
    s3.put_object(Bucket="flows", Key="a.log.gz", Body=gzip.compress("\n".join(lines).encode()))
    s3.put_object(Bucket="flows", Key="b.log", Body=b"2 123456789010 eni-1 10.0.0.1 10.0.0.2 1 22 6 5 840 1566848875 1566848933 REJECT OK\n")
    wait_for(lambda: count(server, "AWSVPCFlow") == 3)
    row = server.query("AWSVPCFlow | where Action == 'ACCEPT'")[0]
    assert (row["SrcAddr"], row["DstPort"], row["Bytes"], row["AccountId"], row["PktSrcAddr"], row["TcpFlags"]) == ("192.0.2.1", 5001, 568, "012345678901", "192.0.2.9", 2)
    assert row["Start"].startswith("2019-08-26T19:47:55") and row["TimeGenerated"].startswith("2019-08-26T19:47:55")
    assert server.query("AWSVPCFlow | where Action == 'REJECT'")[0]["InterfaceId"] == "eni-1"


def test_bad_objects_do_not_stop_the_rest(server, aws):
    s3, sqs, queue, role = aws.trail("bad")
    connect(server, aws, "bad", queue, role)
    before = count(server, "AWSCloudTrail")
    whole = gzip.compress(json.dumps({"Records": [trail_record(n) for n in range(5000, 5050)]}).encode())
    s3.put_object(Bucket="bad", Key="cut.json.gz", Body=whole[: len(whole) - 20])
    s3.put_object(Bucket="bad", Key="bomb.json.gz", Body=gzip.compress(b"\0" * 300_000_000, 9))
    middle = json.dumps(trail_record(6000)) + "\nnonsense {{{\n" + json.dumps(trail_record(6001))
    s3.put_object(Bucket="bad", Key="middle.jsonl", Body=middle.encode())
    sqs.send_message(QueueUrl=queue, MessageBody="no notification at all")
    gone = json.loads(json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "bad"}, "object": {"key": "missing.json.gz"}}}]}))
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(gone))
    put_trail(s3, "bad", "good.json.gz", range(7000, 7010))
    # Notifications without an etag, in SNS, and from EventBridge.
    s3.put_object(Bucket="bad", Key="sns.json", Body=json.dumps({"Records": [trail_record(7100)]}).encode())
    wait_for(lambda: count(server, "AWSCloudTrail", "AwsEventId endswith '7009' or AwsEventId endswith '6001' or AwsEventId endswith '7100'") == 3, 90)
    assert count(server, "AWSCloudTrail") >= before + 13
    wait_for(lambda: count(server, "YaguraUnparsed", "RawData has 'no notification at all'") >= 1)


def test_each_event_once_across_kill(tmp_path, aws):
    s3, _, queue, role = aws.trail("killed")
    server = Yagura(folder=tmp_path / "yagura").start()
    try:
        connect(server, aws, "killed", queue, role)
        number = 0
        for _ in range(ROUNDS):
            for _ in range(30):
                put_trail(s3, "killed", f"{number:08d}.json.gz", range(number * 20, number * 20 + 20))
                number += 1
            time.sleep(random.uniform(0, 2))
            server.kill()
            server.token = None
            server.start()
        # Messages that were being worked on come again when their time is over: five minutes, which the emulator is told to cut short.
        sqs = aws.client("sqs")
        until = time.time() + 400
        while time.time() < until and server.query("AWSCloudTrail | summarize dcount(AwsEventId, 4)")[0]["dcount_AwsEventId"] < number * 20 * 0.999:
            time.sleep(1)
            if int(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"]) == 0:
                break
        rows = server.query("AWSCloudTrail | summarize Rows = count(), Events = dcount(AwsEventId, 4)")[0]
        distinct = server.query("AWSCloudTrail | summarize by AwsEventId | count")[0]["Count"]
        assert rows["Rows"] == distinct, "an event twice"
        # What is hidden in the queue is not lost: it comes back to it.
        hidden = int(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessagesNotVisible"])
        assert distinct >= (number - hidden) * 20
    finally:
        server.close()


def test_plan_prints_what_aws_needs(server):
    common = ["connect", "aws", "plan", "--account", ACCOUNT, "--bucket", "aws-cloudtrail-logs-1", "--region", "ap-northeast-1", "--data", server.data]
    text = server.command(*common, "--trusted-account", "210987654321").stdout
    external = json.loads(server.command("connect", "aws", "list", "--json", "--data", server.data).stdout)["external_id"]
    assert '"Sid": "AllowS3"' in text and f'"sts:ExternalId": "{external}"' in text and "arn:aws:sqs:ap-northeast-1:123456789012:yagura-cloudtrail" in text
    web = server.command(*common, "--oidc-provider", "sts.windows.net/t/", "--format", "terraform").stdout
    assert f'"sts:RoleSessionName": "MicrosoftSentinel_{external}"' in web and "OIDC_YaguraRole" in web
    template = json.loads(server.command(*common, "--trusted-account", "210987654321", "--format", "cloudformation").stdout)
    assert set(template["Resources"]) == {"Queue", "QueuePolicy", "Role"}
    assert server.command(*common, "--trusted-account", "21", check=False).returncode == 2
