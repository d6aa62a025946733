namespace HelloFunction;

/// <summary>Whom to greet, and how long to take for it.</summary>
internal sealed record Greeting(string? Name, double Seconds);
