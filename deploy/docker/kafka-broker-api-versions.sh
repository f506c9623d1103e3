#!/bin/sh
# The stand-in's answer to the health check of docker-compose.yml: does the broker take a connection?
exec nc -z "${2%:*}" "${2#*:}"
