#!/usr/bin/env bash
# send.sh OPERATION BODY ORDER: sends the body only if refundkit finds no error in it.
set -uo pipefail

printf '{"operation": "%s", "body": %s, "order": %s}' "$1" "$(cat "$2")" "$(cat "$3")" |
  refundkit check - --require-context --output-format json >report.json
case $? in
  0) echo "clean" ;; # curl --data-binary "@$2" … goes here
  1) echo "not sent: $(cat report.json)" && exit 1 ;;
  *) echo "not sent: it could not be checked" && exit 2 ;;
esac
