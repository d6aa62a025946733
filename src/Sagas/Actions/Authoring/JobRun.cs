namespace Orchestrator.Sagas.Actions.Authoring;

/// <summary>Runs one attempt of one job: pre-hooks, execute, post-hooks, and the checks of what goes in and comes out.</summary>
public static class JobRun
{
    /// <summary>What the job makes of its input.</summary>
    /// <exception cref="InputMismatchException">The input is of another type than the job takes.</exception>
    /// <exception cref="OutputMismatchException">The job returned another type than it declares.</exception>
    /// <exception cref="NilOutputException">The job returned nothing.</exception>
    /// <exception cref="DataTypeNotFoundException">The input's type is not known here.</exception>
    public static async Task<JobValue> ExecuteAsync(JobDefinition job, JobValue input, JobContext context)
    {
        var value = Read(job, input);
        foreach (var hook in job.PreHooks)
            value = await hook(context, value);
        value = await job.Execute!(context, value);
        foreach (var hook in job.PostHooks)
            value = await hook(context, value);
        return Write(job, input, value);
    }

    private static object? Read(JobDefinition job, JobValue input)
    {
        var expected = job.InputType!;
        if (expected == typeof(Nil))
            return DataTypes.Read(input);
        if (input.Type is DataTypes.NilAlias)
            input = input with { Type = DataTypes.AliasOf(expected) };
        var alias = DataTypes.AliasOf(expected);
        var actual = string.Equals(input.Type, alias, StringComparison.Ordinal) ? expected : DataTypes.Find(input.Type);
        if (!DataTypes.Fits(actual, expected))
            throw new InputMismatchException(job.Name, alias, input.Type);
        try
        {
            return DataTypes.Read(input, expected.IsAssignableFrom(actual) ? actual : expected);
        }
        catch (System.Text.Json.JsonException exception)
        {
            throw new InputMismatchException(job.Name, alias, $"data that cannot be read as such ({exception.Message})");
        }
    }

    private static JobValue Write(JobDefinition job, JobValue input, object? output)
    {
        if (output is null or System.Text.Json.JsonElement { ValueKind: System.Text.Json.JsonValueKind.Null or System.Text.Json.JsonValueKind.Undefined })
            throw new NilOutputException();
        if (job.OutputType != typeof(Nil) && !DataTypes.Fits(output.GetType(), job.OutputType!))
            throw new OutputMismatchException(job.Name, DataTypes.AliasOf(job.OutputType!), AliasOrName(output.GetType()));
        return output is Nil ? input : DataTypes.Write(output);
    }

    private static string AliasOrName(Type type)
    {
        try
        {
            return DataTypes.AliasOf(type);
        }
        catch (DataAliasException)
        {
            return type.Name;
        }
    }
}
