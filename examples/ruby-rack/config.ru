# frozen_string_literal: true

require "erb"
require "rack"
require_relative "moon"

use Rack::Static, urls: ["/assets"], root: "public"

PAGE = ERB.new(File.read("page.html.erb", encoding: "UTF-8"))
STYLE = Dir.glob("assets/style-*.css", base: "public").first

run lambda { |env|
  request = Rack::Request.new(env)
  begin
    date = request.path == "/" ? Date.today : Date.iso8601(request.path.delete_prefix("/"))
    moon = Moon.new(date)
    [200, { "content-type" => "text/html; charset=utf-8" }, [PAGE.result(binding)]]
  rescue Date::Error
    [404, { "content-type" => "text/plain" }, ["Ask for a day, e.g. /2030-01-31\n"]]
  end
}
