#!/bin/sh
# Installs the Debian packages that it is given, as root, and starts none of their services. Of
# ours nginx has one: it would listen on port 80 from now on, although the tests start a server of
# their own, and its installation would fail where that port is taken.
set -eu

# Debian asks this program before it starts a service; the status 101 forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  # Should this script be killed, the file stays, and from then on allows everything.
  printf '#!/bin/sh\n! kill -0 %s 2>/dev/null || exit 101\n' $$ >"$policy"
  chmod 755 "$policy"
fi

DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"

# The installation has also enabled the service, so it would start with the machine.
case " $* " in
  *' nginx '*)
    systemctl disable nginx.service || update-rc.d nginx disable ||
      echo "The service nginx could not be disabled; it starts with the machine." >&2
    ;;
esac
