# What ./dev setup fetches besides Debian packages, with pinned versions. Sourced by lib.sh.
# shellcheck shell=bash disable=SC2034
NODE_VERSION=22.23.3
NPM_VERSION=11.6.2
KQL_ORACLE_VERSION=12.4.1
ENGINE_VERSION=26.7.3-stable.1
# Integrity of the engine's npm packages (Subresource Integrity form).
ENGINE_INTEGRITY_x64='sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=='
ENGINE_INTEGRITY_arm64=''
# Python packages of the tests: real clients and servers that Yagura must get on with.
PYTHON_TEST_PACKAGES='pytest azure-monitor-query azure-identity azure-kusto-data pandas clickhouse-connect pyyaml requests ruff moto[server]==5.2.5'
