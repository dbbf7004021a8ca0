# nats-server with the roles, permissions and subject mapping of ops/nats.
FROM nats:2.12-alpine
COPY ops/nats /etc/lyceum
CMD ["nats-server", "-c", "/etc/lyceum/lyceum.conf"]
