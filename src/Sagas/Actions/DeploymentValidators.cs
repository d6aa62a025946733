using System.Text.Json;
using FluentValidation;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Sagas.Actions;

public sealed class ExecuteActionValidator : AbstractValidator<ExecuteAction>
{
    public const int MaxInputLength = 1024 * 1024;

    public ExecuteActionValidator()
    {
        RuleFor(c => c.DeploymentId).NotEmpty().WithMessage("'{PropertyName}' must be a UUID that is not all zeros.");
        RuleFor(c => c.Application).Must(IsApplication)
            .WithMessage("'{PropertyName}' must be text of at most 100 characters without control characters.");
        RuleFor(c => c.Action).Text(100);
        RuleFor(c => c.GroupId).Text(255);
        RuleFor(c => c.Input).Must(IsInput).WithMessage("'{PropertyName}' must be JSON in valid Unicode of at most 1 MiB.");
    }

    private static bool IsApplication(string? application) =>
        application is null || (application.Length <= 100 && JobRules.IsStorable(application));

    private static bool IsInput(JsonElement? input)
    {
        try
        {
            if (input is not { ValueKind: not JsonValueKind.Undefined } value)
                return true;
            JsonSerializer.SerializeToUtf8Bytes(value);
            return value.GetRawText().Length <= MaxInputLength;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }
}

/// <summary>What commands to a deployment have in common.</summary>
public abstract class DeploymentCommandValidator<T> : AbstractValidator<T>
{
    protected DeploymentCommandValidator(Func<T, Guid> id)
    {
        RuleFor(c => id(c)).NotEmpty().OverridePropertyName("DeploymentId").WithMessage("'{PropertyName}' must be a UUID that is not all zeros.");
    }
}

public sealed class StopDeploymentValidator() : DeploymentCommandValidator<StopDeployment>(c => c.DeploymentId);

public sealed class SuspendDeploymentValidator() : DeploymentCommandValidator<SuspendDeployment>(c => c.DeploymentId);

public sealed class ResumeDeploymentValidator() : DeploymentCommandValidator<ResumeDeployment>(c => c.DeploymentId);

public sealed class RedriveDeploymentValidator() : DeploymentCommandValidator<RedriveDeployment>(c => c.DeploymentId);

public sealed class RetryRollbackValidator() : DeploymentCommandValidator<RetryRollback>(c => c.DeploymentId);

public sealed class SkipRollbackValidator() : DeploymentCommandValidator<SkipRollback>(c => c.DeploymentId);
