using FluentValidation;
using Orchestrator.Contracts.Actions;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Sagas.Actions.Declarative;

public sealed class RegisterActionValidator : AbstractValidator<RegisterAction>
{
    public RegisterActionValidator()
    {
        RuleFor(c => c.RegistrationId).NotEmpty().WithMessage("'{PropertyName}' must be a UUID that is not all zeros.");
        RuleFor(c => c.Definition).Must(text => text is { Length: > 0 and <= DefinitionText.MaxLength })
            .WithMessage($"'{{PropertyName}}' must be text of 1 to {DefinitionText.MaxLength} characters.");
    }
}

public sealed class DeleteActionValidator : AbstractValidator<DeleteAction>
{
    public DeleteActionValidator()
    {
        RuleFor(c => c.Action).Text(100);
        RuleFor(c => c.Application).Must(application => application is null || (application.Length <= 100 && JobRules.IsStorable(application)))
            .WithMessage("'{PropertyName}' must be text of at most 100 characters without control characters.");
    }
}
