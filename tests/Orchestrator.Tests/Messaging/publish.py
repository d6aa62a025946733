"""A publisher that knows nothing of .NET: publishes the messages of a file with confirms and prints how many were taken.

usage: publish.py AMQP_URL FILE     FILE holds one JSON object a line: exchange, routing_key, declare (a type of
exchange, or absent), content_type, message_id, headers, body (base64)
"""

import base64
import json
import sys

import pika


def properties(message):
    known = {key: message[key] for key in ("content_type", "message_id", "headers") if message.get(key) is not None}
    return pika.BasicProperties(delivery_mode=2, **known)


def main(url, file):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    published = 0
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            message = json.loads(line)
            if message.get("declare"):
                channel.exchange_declare(message["exchange"], exchange_type=message["declare"], durable=True)
            channel.basic_publish(
                exchange=message["exchange"],
                routing_key=message.get("routing_key") or "",
                body=base64.b64decode(message["body"]),
                properties=properties(message),
                mandatory=True,
            )
            published += 1
    connection.close()
    print(published)


main(*sys.argv[1:])
