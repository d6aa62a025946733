using System.Text.Json;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Tests.Calls;

public sealed class When_processors_are_counted
{
    [Theory]
    [InlineData("1.00", 1000)]
    [InlineData("1", 1000)]
    [InlineData("0", 0)]
    [InlineData("00000", 0)]
    [InlineData("+00000", 0)]
    [InlineData("-00000", 0)]
    [InlineData("-0", 0)]
    [InlineData("0.01", 10)]
    [InlineData("0.2341", 234)]
    [InlineData("1m", 1)]
    [InlineData("1000m", 1000)]
    [InlineData(".2", 200)]
    [InlineData("100.2000", 100200)]
    [InlineData("", 0)]
    [InlineData("  ", 0)]
    [InlineData(" 0.5 ", 500)]
    [InlineData("1024", 1024000)]
    [InlineData("1024000m", 1024000)]
    [InlineData("1.001", 1001)]
    [InlineData("1.005", 1005)]
    [InlineData("2.002", 2002)]
    [InlineData("0.0010", 1)]
    [InlineData("5.", 5000)]
    public void Should_be_exact(string text, int expected)
    {
        Assert.True(MilliCpus.TryParse(text, out var cpus));
        Assert.Equal(expected, cpus.Value);
        Assert.Equal(expected == 0 ? "" : $"{expected}m", cpus.ToString());
    }

    [Theory]
    [InlineData("1000000000000000000000000")]
    [InlineData("-100")]
    [InlineData("100000000000m")]
    [InlineData("-0.20")]
    [InlineData("1024.0001")]
    [InlineData("1024001m")]
    [InlineData("+5m")]
    [InlineData("-5m")]
    [InlineData("1.5m")]
    [InlineData("m")]
    [InlineData("0.0009")]
    [InlineData("-0.0009")]
    [InlineData("1e-3")]
    [InlineData("1E2")]
    [InlineData("0x1p-2")]
    [InlineData("NaN")]
    [InlineData(".")]
    [InlineData("+")]
    [InlineData("1.2.3")]
    [InlineData("1 000")]
    [InlineData("١")]
    public void Should_refuse_what_is_no_number_of_them(string text) => Assert.False(MilliCpus.TryParse(text, out _));

    [Fact]
    public void Should_agree_with_decimal_arithmetic()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var value = Math.Round((decimal)(random.NextDouble() * 1024), random.Next(0, 6));
            var expected = (int)(value * 1000);
            if (expected == 0 && value > 0)
                continue;
            Assert.True(MilliCpus.TryParse(value.ToString(System.Globalization.CultureInfo.InvariantCulture), out var cpus));
            Assert.Equal(expected, cpus.Value);
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("true")]
    [InlineData("{}")]
    public void Should_be_text_in_json(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<MilliCpus>(json, FnJson.Options));

    [Fact]
    public void Should_be_none_where_json_has_null() =>
        Assert.Equal(default, JsonSerializer.Deserialize<MilliCpus>("null", FnJson.Options));
}
