"""The cluster engine: Spark brings the requests of an order together, and its executors judge them.

Only findings leave the executors. Spark needs Java 17 or later on every machine, and on the workers the same Python as
here with the same `pip install 'refundkit[spark]'`; rules of your own need their files there, under the same path.
Spark runs the `python3` of a worker's PATH unless PYSPARK_PYTHON names another; the command takes its own.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import IO, Any

import msgspec
import pyarrow as pa
from py4j.protocol import Py4JError, Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from ..config import Config
from ..sources import SourceError
from . import files
from .columns import FINDINGS, MOMENT
from .kernel import Kernel, Settings, Tally
from .rows import PLACED, SORTED, by_order, evened, judge, of_earlier, of_orders, of_requests, placed
