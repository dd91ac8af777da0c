export BUNDLE_PATH=.ruby BUNDLE_DEPLOYMENT=true BUNDLE_VERSION=system
export BUNDLE_WITHOUT="${BUNDLE_WITHOUT-development:test}"
export PATH="$HOME/bin:$HOME/.ruby/bin:$PATH"
export RACK_ENV="${RACK_ENV:-production}" RAILS_ENV="${RAILS_ENV:-production}"
export RAILS_LOG_TO_STDOUT="${RAILS_LOG_TO_STDOUT:-enabled}" RAILS_SERVE_STATIC_FILES="${RAILS_SERVE_STATIC_FILES:-enabled}"
# With more arenas, glibc keeps much of what Ruby's threads have freed.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
