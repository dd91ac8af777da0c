# frozen_string_literal: true

require "date"

# The moon on one day, well enough to plan a walk by.
class Moon
  MONTH = 29.530588853
  NEW_MOON = Date.new(2000, 1, 6)
  PHASES = [
    "New moon", "Waxing crescent", "First quarter", "Waxing gibbous",
    "Full moon", "Waning gibbous", "Last quarter", "Waning crescent"
  ].freeze

  def initialize(date)
    @age = (date - NEW_MOON).to_f % MONTH
  end

  def phase = PHASES[eighth]

  def picture = (0x1F311 + eighth).chr(Encoding::UTF_8)

  def lit = ((1 - Math.cos(2 * Math::PI * @age / MONTH)) * 50).round

  private

  def eighth = (@age / MONTH * 8).round % 8
end
