"""The S3 door as clients find it: an address, a certificate to trust, an access key; and which protocol they spoke."""

import os
import re
import subprocess

from harness import wait_until

REGION = "us-east-1"
RUN_SECONDS = 100


class Door:
    """One transport of a server's S3 door ("http" or "tls"), by default for the admin's access key."""

    def __init__(self, server, transport, access=None):
        self.server, self.tls = server, transport == "tls"
        self.url, self.host = (server.tls_base, server.tls) if self.tls else (server.base, server.listen)
        self.certificate = server.data / "tls/tls-certificate.pem"
        access = access or server.admin
        self.key, self.secret, self.token = access["accessKeyId"], access["secretAccessKey"], access.get("sessionToken")

    def environment(self, trust=""):
        """What AWS's tools read, without the machine's own configuration; `trust` is the variable by which a client is told
        the certificate."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_DEFAULT_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent", "AWS_MAX_ATTEMPTS": "1",
                "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}
        if self.token:
            env["AWS_SESSION_TOKEN"] = self.token
        if self.tls and trust:
            env[trust] = str(self.certificate)
        return env

    def run(self, *command, trust="", **options):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=RUN_SECONDS,
                              env=self.environment(trust), **options)
        assert done.returncode == 0, f"{command}: {done.stdout[-1500:]} {done.stderr[-1500:]}"
        return done.stdout

    def protocols(self, bucket):
        """How requests for that bucket came, by the server's log, which is written with a little delay."""
        pattern = re.compile(rf" target=/{re.escape(bucket)}\b.* protocol=(\S+)")
        return wait_until(lambda: set(pattern.findall(self.server.log())), f"a request for {bucket} in the log")
