# Prints what the app wants where this Ruby is not that: `the Gemfile wants Ruby 3.2.2`.
require "bundler"

here = Gem.ruby_version
wanted = Bundler::Dsl.evaluate("Gemfile", nil, {}).ruby_version
if wanted
  unless Gem::Requirement.new(wanted.versions).satisfied_by?(here)
    print "the Gemfile wants Ruby #{wanted.versions.join(", ")}"
  end
elsif File.exist?(".ruby-version")
  # An earlier or later correction of the same Ruby does.
  version = File.read(".ruby-version", encoding: "bom|utf-8").strip.delete_prefix("ruby-")
  unless here.segments.first(2).join(".") == version[/\A\d+\.\d+/]
    print ".ruby-version wants Ruby #{version}"
  end
end
