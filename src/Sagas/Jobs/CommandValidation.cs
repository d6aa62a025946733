using FluentValidation;
using FluentValidation.Results;
using Microsoft.Extensions.DependencyInjection;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Sagas.Jobs;

/// <summary>One validation for commands that come by bus and by HTTP.</summary>
public sealed class CommandValidation(IServiceProvider services)
{
    /// <summary>What is wrong with a command; empty when nothing is.</summary>
    public IReadOnlyList<ValidationFailure> Check<T>(T command) =>
        services.GetRequiredService<IValidator<T>>().Validate(command).Errors;

    /// <exception cref="InvalidMessageException">The command is not valid; the text names each field.</exception>
    public void Demand<T>(T command)
    {
        var failures = Check(command);
        if (failures.Count > 0)
            throw new InvalidMessageException("INVALID_FIELD", string.Join(' ', failures.Select(failure => failure.ErrorMessage)));
    }
}
