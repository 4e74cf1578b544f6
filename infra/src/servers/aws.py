"""Starts ministack, the AWS stand-in of the local stack."""

import socketserver
import sys

# Its Runtime API answers in two small writes; Nagle's algorithm would hold the second back for 40 ms on every call.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

from ministack.app import main  # noqa: E402  (the setting has to come first)

sys.argv = ["ministack"]
main()
