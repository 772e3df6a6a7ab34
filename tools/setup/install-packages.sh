#!/bin/sh
# Installs the given Debian packages, as root, and starts none of their services. Of our packages
# only nginx has a service. It would listen on port 80 from now on, although the tests start their
# own nginx, and its installation would fail if that port is taken.
set -eu

# Debian runs this program before it starts a service. The exit status 101 forbids the start.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # If this script is killed, the file stays, but then it allows every start.
  printf '#!/bin/sh\n! kill -0 %s 2>/dev/null || exit 101\n' $$ >"$policy"
  chmod 755 "$policy"
fi

DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"

# The installation has also enabled the service, which would therefore start with the machine.
case " $* " in
  *' nginx '*)
    systemctl disable nginx.service || update-rc.d nginx disable ||
      echo "The service nginx could not be disabled; it starts with the machine." >&2
    ;;
esac
