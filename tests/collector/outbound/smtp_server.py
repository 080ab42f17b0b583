"""A mail server on a port of its own.

Prints its port, then each mail that it has taken, as one line of JSON. Recipients called `nobody` are unknown, those
called `busy` are to be tried again; whoever logs in must be `pulse` with the password `secret`.
"""
import asyncio
import json

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("busy@"):
            return "451 4.3.0 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode("ascii"),
            "user": session.auth_data.login.decode() if session.authenticated else None,
        }
        print(json.dumps(mail), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"pulse", b"secret")
    return AuthResult(success=right, handled=False, auth_data=data if right else None)


async def main():
    loop = asyncio.get_running_loop()

    def protocol():
        return SMTP(Handler(), hostname="mail.test", authenticator=authenticate, auth_require_tls=False, loop=loop)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
